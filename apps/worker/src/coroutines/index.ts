/** The coroutines that every worker brings along. */
import type { AnyCoroutineFunction } from '@corral/scheduler';
import { bar } from './bar.ts';
import { echo } from './echo.ts';
import { foo } from './foo.ts';
import { httpFetch } from './http-fetch.ts';
import { main } from './main.ts';
import { NetworkGuard } from './network-guard.ts';
import { HttpClient } from './request.ts';
import { siteAudit } from './site-audit.ts';
import { sleep } from './sleep.ts';

export interface ShippedOptions {
  /** Networks in CIDR notation that requests may reach besides public addresses. */
  fetchAllow: readonly string[];
}

export function shippedCoroutines({ fetchAllow }: ShippedOptions): AnyCoroutineFunction[] {
  const client = new HttpClient(new NetworkGuard(fetchAllow).agent());
  return [sleep, echo, foo, bar, main, httpFetch(client), ...siteAudit(client)];
}
