/** What a thread of the worker begins with: users' modules resolve there as they do on the event loop. */
import { type ThreadEntry, threadEntry } from '@corral/scheduler';
import { UserModules } from './user-modules.ts';

const modules = new UserModules();

const entry: ThreadEntry = threadEntry((module) => modules.importSame(module));
export default entry;
