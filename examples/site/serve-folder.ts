/** Serves a folder on the loopback interface: `node examples/site/serve-folder.ts <folder> [port]`. */
import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { type Resource, type StaticServer, serveResources } from './static-server.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/vnd.microsoft.icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
};

export async function serveFolder(folder: string, port = 0): Promise<StaticServer> {
  const root = await realpath(folder);
  return serveResources(async (path) => {
    const file = fileOf(root, path);
    if (file === undefined) return { status: 400, body: 'This is no path.' };
    return (await read(file)) ?? (await folderOf(file, path));
  }, port);
}

function fileOf(root: string, path: string): string | undefined {
  try {
    const file = join(root, decodeURIComponent(new URL(path, 'http://localhost').pathname));
    return file === root || file.startsWith(root + sep) ? file : undefined;
  } catch (error) {
    if (error instanceof URIError || error instanceof TypeError) return undefined;
    throw error;
  }
}

async function read(file: string): Promise<Resource | undefined> {
  try {
    const path = file.endsWith(sep) ? join(file, 'index.html') : file;
    return { type: types[extname(path).toLowerCase()] ?? 'application/octet-stream', body: await readFile(path) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR' || code === 'ERR_INVALID_ARG_VALUE')
      return undefined;
    throw error;
  }
}

/** A folder without the slash at its end is a redirect, as web servers have it. */
async function folderOf(file: string, path: string): Promise<Resource | undefined> {
  const { pathname } = new URL(path, 'http://localhost');
  const isFolder = !pathname.endsWith('/') && (await read(join(file, 'index.html'))) !== undefined;
  return isFolder ? { status: 301, location: `${pathname}/` } : undefined;
}

if (import.meta.main) {
  const [folder = '.', port = '0'] = process.argv.slice(2);
  const { url } = await serveFolder(folder, Number(port));
  console.log(`${folder} is served at ${url}/`);
}
