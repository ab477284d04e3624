/** What a thread runs when nobody gives another entry: modules are imported as Node does it. */
import { threadEntry } from './thread-entry.ts';

export default threadEntry((module) => import(module));
