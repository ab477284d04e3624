/** Part of the build: the Lua scripts go beside the compiled code that loads them. */
import { cpSync } from 'node:fs';

cpSync(new URL('./src/store/lua', import.meta.url), new URL('./dist/store/lua', import.meta.url), { recursive: true });
