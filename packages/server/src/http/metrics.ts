/**
 * Counters and gauges in Prometheus's text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). No ids in labels: their number must stay small.
 */
type Labels = Readonly<Record<string, string | number>>;

interface Family {
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly values: Map<string, number>;
  readonly read: (() => number) | undefined;
}

export class Metrics {
  readonly #families = new Map<string, Family>();

  /** A number that only grows. Names end in `_total`, times are seconds. */
  counter(name: string, help: string): (labels?: Labels, by?: number) => void {
    const family = this.#family(name, { help, type: 'counter', values: new Map(), read: undefined });
    return (labels = {}, by = 1) => {
      const key = labelText(labels);
      family.values.set(key, (family.values.get(key) ?? 0) + by);
    };
  }

  /** A number that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number, type: 'gauge' | 'counter' = 'gauge'): void {
    this.#family(name, { help, type, values: new Map(), read });
  }

  /** All of them, as text. */
  expose(): string {
    const lines: string[] = [];
    for (const [name, family] of this.#families) {
      lines.push(`# HELP ${name} ${family.help}`, `# TYPE ${name} ${family.type}`);
      if (family.read) lines.push(`${name} ${family.read()}`);
      for (const [labels, value] of family.values) lines.push(`${name}${labels} ${value}`);
    }
    return `${lines.join('\n')}\n`;
  }

  #family(name: string, family: Family): Family {
    const known = this.#families.get(name);
    if (known && !family.read) return known;
    this.#families.set(name, family);
    return family;
  }
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(String(value))}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
