import { expect, it } from 'vitest';
import { loadScripts } from '../../src/store/scripts.ts';

it('scripts hold no marks of a merge, and every part that they name', () => {
  for (const [name, { text }] of Object.entries(loadScripts())) {
    expect(text.match(/^(<{7}|={7}|>{7})/m), name).toBeNull();
    expect(text.match(/^--# include/m), name).toBeNull();
  }
});
