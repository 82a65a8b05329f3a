// Rows of the table: what a measurement came to, what it is compared with, and how it is printed.
//
// A goal is a value that says how it reads and whether it was reached; a row without one is there to
// be seen.

/** Ours may be at most so many times the reference. */
export const timesAtMost = (limit) => ({ text: `≤ ${limit} ×`, reached: (ours, reference) => ours <= reference * limit });

/** Ours must be at least so many times the reference. */
export const timesAtLeast = (limit) => ({ text: `≥ ${limit} ×`, reached: (ours, reference) => ours >= reference * limit });

/** Ours may be at most a number of the row's unit. */
export const atMost = (limit) => ({ text: `≤ ${limit}`, reached: (ours) => ours <= limit });

/** Ours must be at least a number of the row's unit. */
export const atLeast = (limit) => ({ text: `≥ ${limit}`, reached: (ours) => ours >= limit });

/** Ours must be the smaller one. */
export const smaller = { text: 'faster', reached: (ours, reference) => ours < reference };

/** A row. `note` says what the numbers alone do not. */
export function row({ what, unit, ours, reference, goal, note }) {
  const ratio = reference === undefined ? undefined : ours / reference;
  return { what, unit, ours, reference, ratio, goal: goal?.text, reached: goal?.reached(ours, reference), note };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Three digits that say something. */
function number(value) {
  if (value === undefined) return '–';
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function printTable(rows) {
  const head = ['what', 'ours', 'reference', 'ratio', 'goal', 'reached'];
  const lines = rows.map((it) => [
    `${it.what}, ${it.unit}`,
    number(it.ours),
    number(it.reference),
    it.ratio === undefined ? '–' : it.ratio.toFixed(2),
    it.goal ?? '–',
    it.reached === undefined ? '–' : it.reached ? 'yes' : 'NO',
  ]);
  const widths = head.map((name, column) => Math.max(name.length, ...lines.map((it) => it[column].length)));
  const print = (cells) => console.log(cells.map((it, column) => (column ? it.padStart(widths[column]) : it.padEnd(widths[0]))).join('  '));
  print(head);
  rows.forEach((it, index) => {
    print(lines[index]);
    if (it.note) console.log(`    ${it.note}`);
  });
}
