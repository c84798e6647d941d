/**
 * A moment as clients expect it: ISO 8601 with milliseconds and a numeric offset, `2016-09-10T12:00:25.647+00:00`.
 * Unset moments are null, never an empty text: the Go client cannot parse that.
 */
export function timestamp(date: Date): string {
  return date.toISOString().replace('Z', '+00:00');
}
