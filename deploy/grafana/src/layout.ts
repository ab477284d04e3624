/** A drawing of where the panels of a dashboard stand: its layout alone, not a picture of Grafana. */
interface Placed {
  type?: string;
  title?: string;
  gridPos?: { x: number; y: number; w: number; h: number };
}

const unit = { x: 40, y: 18 };
const columns = 24;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function box({ type = '', title = '', gridPos = { x: 0, y: 0, w: 0, h: 0 } }: Placed): string {
  const [x, y] = [gridPos.x * unit.x, gridPos.y * unit.y];
  const [width, height] = [gridPos.w * unit.x, gridPos.h * unit.y];
  if (type === 'row') return `<text x="${x + 4}" y="${y + 14}" font-weight="bold">${escaped(title)}</text>`;
  return [
    `<rect x="${x + 2}" y="${y + 2}" width="${width - 4}" height="${height - 4}" rx="3" fill="#f4f5f5" stroke="#9fa7b3"/>`,
    `<text x="${x + 8}" y="${y + 18}">${escaped(title)}</text>`,
    `<text x="${x + 8}" y="${y + 34}" fill="#6e7785">${type}</text>`,
  ].join('\n');
}

/** SVG. */
export function layoutOf(title: string, panels: readonly Placed[]): string {
  const bottom = Math.max(...panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)));
  const size = `width="${columns * unit.x}" height="${bottom * unit.y}"`;
  const style = 'font-family="sans-serif" font-size="12"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}>\n<title>${escaped(title)}</title>\n${panels.map(box).join('\n')}\n</svg>\n`;
}
