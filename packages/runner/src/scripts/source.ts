/** A script: its text, or where it lies, a file that its program sees there when it begins. */
export type ScriptSource = string | { readonly path: string };
