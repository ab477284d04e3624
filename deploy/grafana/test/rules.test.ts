/** Prometheus's own tool reads the configuration and tries the alerts. Debian has it in the package `prometheus`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';

const folder = new URL('../../prometheus/', import.meta.url).pathname;
const promtool = (...args: string[]): string => execFileSync('promtool', args, { cwd: folder, encoding: 'utf8' });
const absent = spawnSync('promtool', ['--version']).error !== undefined;

describe.skipIf(absent)('promtool (skipped where it is not installed)', () => {
  test('accepts the configuration', async () => {
    const home = await mkdtemp(join(tmpdir(), 'corral-promtool-'));
    onTestFinished(() => rm(home, { recursive: true }));
    const text = readFileSync(join(folder, 'prometheus.yml'), 'utf8');
    const file = join(home, 'prometheus.yml');
    writeFileSync(file, text.replace('/etc/prometheus/rules', join(folder, 'rules')));
    expect(promtool('check', 'config', file)).toContain('SUCCESS');
  });

  test('sees the alerts fire when they should, and not before', () => {
    expect(promtool('test', 'rules', 'test/alerts.yml')).toContain('SUCCESS');
  });
});
