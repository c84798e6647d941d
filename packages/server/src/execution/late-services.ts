/** What goes through the gates of an action's services, and how their health is told from then on. */
import type { HealthCheck, LateService } from '@argonaut/contracts/attempt';
import type { Service } from '@argonaut/orchestrator';

/** Evaluates a template; what is wrong with it is its own to report. */
type Text = (what: string, template: string) => string;

/** `shownText` refuses what a secret decides: the engine keeps and shows the words of a health check. */
export function lateServices(services: readonly Service[], text: Text, shownText: Text): LateService[] {
  return services.map(({ name, command, arguments: words, environment = {}, health }) => {
    const of: Text = (what, template) => text(`${what} of service "${name}"`, template);
    const shown: Text = (what, template) => shownText(`${what} of service "${name}"`, template);
    const given = words?.map((word) => of('An argument', word));
    return {
      name,
      argv:
        command === undefined
          ? given === undefined
            ? []
            : ['{entrypoint}', ...given]
          : [...command.map((word) => of('The command', word)), ...(given ?? [])],
      environment: Object.fromEntries(
        Object.entries(environment).map(([key, value]) => [key, of(`Environment variable ${key}`, value)]),
      ),
      health: { ...health, ...(health.check === undefined ? {} : { check: checkOf(health.check, shown) }) },
    };
  });
}

function checkOf(check: HealthCheck, of: Text): HealthCheck {
  if (check.kind === 'command')
    return { ...check, argv: check.argv.map((word) => of('The health check', word)) };
  return check.kind === 'shell' ? { ...check, line: of('The health check', check.line) } : check;
}
