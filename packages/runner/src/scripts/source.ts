/** What a script is: its language, and where its text comes from. */

/** The values of `Octopus.Action.Script.Syntax` that run; `Sh` is any POSIX shell. */
export type ScriptSyntax = 'Bash' | 'Sh' | 'Python' | 'PowerShell';

/** A script: its text, or where it lies, a file that its program sees there when it begins. */
export type ScriptSource = string | { readonly path: string };
