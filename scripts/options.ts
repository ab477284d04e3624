/** What `npm start` was told, by arguments and environment; all that is wrong with it at once. */
import { parseArgs } from 'node:util';
import { loadSettings, type Settings } from '../libs/service/src/settings.ts';
import { apiSettings, startSettings, workerSettings } from '../libs/service/src/settings-table.ts';

// The settings of the processes too: a typing error should show before anything has been started.
const table = { ...apiSettings, ...workerSettings, ...startSettings };

export interface StartOptions {
  settings: Settings<typeof table>;
  /** End after the report. */
  once: boolean;
}

const usage = 'usage: npm start [-- [--once] [URL of a site to audit]]';

/** Throws an error whose message is for the terminal. */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): StartOptions {
  const { values, positionals } = parse(args);
  if (positionals.length > 1) throw new Error(`more than one URL: ${positionals.join(' ')}\n${usage}`);
  const [startUrl = env[startSettings.startUrl.variable]] = positionals;
  return { settings: loadSettings(table, { ...env, [startSettings.startUrl.variable]: startUrl }), once: values.once };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: { once: { type: 'boolean', default: false } }, allowPositionals: true });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
}
