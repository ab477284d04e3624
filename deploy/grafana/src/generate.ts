/** `npm run generate -w @corral/grafana`: writes the dashboards, and the drawings of their layouts for the guide. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dashboardFiles, layoutFiles } from './dashboards.ts';

async function write(folder: URL, files: Map<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of files) await writeFile(new URL(name, folder), text);
}

await write(new URL('../dashboards/', import.meta.url), dashboardFiles());
await write(new URL('../../../docs/pictures/', import.meta.url), layoutFiles());
