/** `npm run generate -w @corral/grafana`: writes the dashboards. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dashboardFiles } from './dashboards.ts';

const folder = new URL('../dashboards/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const [name, text] of dashboardFiles()) await writeFile(new URL(name, folder), text);
