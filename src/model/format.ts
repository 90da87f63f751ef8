/** Figures as people read them. One form for the page, the tree, the exports. */

const COUNT = new Intl.NumberFormat('en-US');
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1,234,567` */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** Decimal units with two to three digits: `0 B`, `999 B`, `1.2 kB`, `34 MB`. */
export function formatBytes(bytes: number): string {
  const magnitude = bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3 + 1e-9);
  let unit = Math.min(magnitude, BYTE_UNITS.length - 1);
  let figure = bytes / 1000 ** unit;
  // 999.96 kB would round to "1000 kB".
  if (unit < BYTE_UNITS.length - 1 && Math.round(figure) >= 1000) {
    unit += 1;
    figure /= 1000;
  }
  return `${roundedFigure(figure, unit > 0)} ${BYTE_UNITS[unit] ?? ''}`;
}

/** Bytes per second; a dash for none, so that what moves stands out. */
export function formatRate(bytesPerSecond: number): string {
  return bytesPerSecond < 0.5 ? '–' : `${formatBytes(bytesPerSecond)}/s`;
}

/** `812 packets/s`, with a digit after the point where there are few. */
export function formatPacketRate(packetsPerSecond: number): string {
  const isFew = packetsPerSecond > 0 && packetsPerSecond < 10;
  return `${isFew ? packetsPerSecond.toFixed(1) : formatCount(Math.round(packetsPerSecond))} packets/s`;
}

/** Milliseconds as `0 ms`, `850 ms`, `2.4 s`, `59 s`, `3m 20s`, `2h 5m`, `3d 4h`: short enough for a column. */
export function formatDuration(milliseconds: number): string {
  const whole = Math.max(0, milliseconds);
  if (whole < 1000) return `${Math.round(whole)} ms`;
  const seconds = whole / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${Math.floor(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** How long before `now` something was, by whole seconds: `now`, `5s ago`, `3m ago`. */
export function formatAge(time: number, now: number): string {
  const seconds = Math.floor(now / 1000) - Math.floor(time / 1000);
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

/** Microseconds as `85 µs`, `0.42 ms`, `12 ms`, `1.3 s`. */
export function formatMicroseconds(microseconds: number): string {
  if (microseconds < 100) return `${Math.round(microseconds)} µs`;
  const milliseconds = microseconds / 1000;
  if (milliseconds < 1) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 1000) return `${roundedFigure(milliseconds, true)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Local time of day with milliseconds: `14:03:07.125`. */
export function formatTime(time: number): string {
  const date = new Date(time);
  const two = (figure: number): string => String(figure).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** A share of one as a percentage: `0 %`, `1.4 %`, `27 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** `1 flow`, `2 flows`. */
export function formatPlural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function roundedFigure(figure: number, decimals: boolean): string {
  return decimals && figure < 9.95 ? figure.toFixed(1) : String(Math.round(figure));
}
