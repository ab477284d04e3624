/** A picture of the rows that BullMQ takes part in: how many times as good as BullMQ, on a logarithmic scale, as SVG. */
import type { Report } from './report.ts';

const [labels, chart, right] = [330, 480, 90];
const [top, line, bar, bottom] = [44, 30, 16, 34];
/** Whole powers of ten. */
const [least, most] = [-1, 2];
const colours = { ours: '#2f6fde', worse: '#d9822b', limit: '#8a8f98', grid: '#d5d8dd', text: '#22262b' };

export function plot({ rows }: Pick<Report, 'rows'>): string {
  const lines = rows.flatMap(({ title, versus }) => {
    const bullmq = versus.find(({ name }) => name === 'BullMQ');
    const limit = versus.find(({ name }) => name === 'raw limit');
    return bullmq === undefined ? [] : [{ title, ratio: bullmq.ratio, limit: limit && bullmq.ratio / limit.ratio }];
  });
  const height = top + lines.length * line + bottom;
  const width = labels + chart + right;
  const end = height - bottom;
  const grid = Array.from({ length: most - least + 1 }, (_, i) => 10 ** (least + i)).map(
    (times) =>
      `<path d="M${x(times)} ${top - 6}V${end}" stroke="${times === 1 ? colours.text : colours.grid}"/>` +
      text(x(times), end + 16, times === 1 ? 'BullMQ' : `${times} ×`, 'middle'),
  );
  const bars = lines.map(({ title, ratio, limit }, i) => {
    const y = top + i * line;
    const [from, to] = [x(1), x(ratio)].toSorted((a, b) => a - b) as [number, number];
    const colour = ratio < 1 ? colours.worse : colours.ours;
    const mark =
      limit === undefined ? '' : `<circle cx="${x(limit)}" cy="${y + bar / 2}" r="4" fill="${colours.limit}"/>`;
    return (
      text(labels - 10, y + 12, title, 'end') +
      `<rect x="${from}" y="${y}" width="${round(Math.max(1, to - from))}" height="${bar}" fill="${colour}"/>` +
      text(to + 6, y + 12, `${ratio.toPrecision(2)} ×`, 'start') +
      mark
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    '<title>Corral beside BullMQ and the raw limit of Redis</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(labels, 22, 'Times as good as BullMQ (bars: Corral; dots: the raw limit of Redis)', 'start'),
    ...grid,
    ...bars,
    '</svg>\n',
  ].join('\n');
}

/** What lies outside of the scale stands at its end. */
function x(times: number): number {
  const share = (Math.log10(times) - least) / (most - least);
  return round(labels + chart * Math.min(1, Math.max(0, share)));
}

const round = (n: number): number => Math.round(n * 10) / 10;

const text = (at: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string =>
  `<text x="${at}" y="${y}" text-anchor="${anchor}" fill="${colours.text}">${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
