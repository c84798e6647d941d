/** The setting that says when images are removed from a worker: `off`, `85%/75%` or `50GB/40GB`, high mark first. Pure. */
import { Invalid } from '@argonaut/contracts';
import type { ImageMarks } from '@argonaut/contracts/attempt';
import { bytesOf } from '@argonaut/orchestrator';

/** A disk of 85 per cent still takes a large image, and a quarter of it free ends the removing for a while. */
export const DEFAULT_MARKS = '85%/75%';

/** `undefined`: nothing is removed. @throws Invalid that shows what may be written */
export function marksOf(setting: string): ImageMarks | undefined {
  const text = setting.trim();
  if (text.toLowerCase() === 'off') return undefined;
  const [high = '', low = '', ...rest] = text.split('/').map((part) => part.trim());
  const percent = [high, low].map(percentOf);
  const bytes = [high, low].map(bytesOf);
  const found = percent.includes(undefined)
    ? ({ unit: 'bytes', marks: bytes } as const)
    : ({ unit: 'percent', marks: percent } as const);
  const [highest, lowest] = found.marks;
  if (rest.length > 0 || highest === undefined || lowest === undefined || lowest >= highest) {
    throw new Invalid(
      `"${setting}" does not say when images are removed. Write "off", or a high mark and a lower one: "85%/75%" of the engine's disk, or "50GB/40GB" of images.`,
    );
  }
  return { unit: found.unit, high: highest, low: lowest };
}

function percentOf(text: string): number | undefined {
  const match = /^(\d{1,2}(?:\.\d+)?)\s*%$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}
