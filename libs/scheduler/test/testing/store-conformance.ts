/**
 * The contract of the ports Store and Views as tests: the store in memory and the store on Redis both run it, so that
 * what is tried on the one holds on the other. Each case gets an empty store of its own.
 */
import { afterEach, beforeEach, describe, test } from 'vitest';
import { awaiting } from './conformance/awaiting.ts';
import { begunMembers } from './conformance/begun-members.ts';
import { bundles } from './conformance/bundles.ts';
import { cancelling } from './conformance/cancelling.ts';
import { cancellingTrees } from './conformance/cancelling-trees.ts';
import { claimedTogether } from './conformance/claimed-together.ts';
import { claiming } from './conformance/claiming.ts';
import { committing } from './conformance/committing.ts';
import { counting } from './conformance/counting.ts';
import { crashing } from './conformance/crashing.ts';
import { deadlocks } from './conformance/deadlocks.ts';
import { directing } from './conformance/directing.ts';
import { ending } from './conformance/ending.ts';
import { fairness } from './conformance/fairness.ts';
import { followingOn } from './conformance/following-on.ts';
import { giving } from './conformance/giving.ts';
import { groups } from './conformance/groups.ts';
import { large } from './conformance/large.ts';
import { limiting } from './conformance/limiting.ts';
import { news } from './conformance/news.ts';
import { parking } from './conformance/parking.ts';
import { retention } from './conformance/retention.ts';
import { retrying } from './conformance/retrying.ts';
import { type Harness, Rig } from './conformance/rig.ts';
import { sessions } from './conformance/sessions.ts';
import { settling } from './conformance/settling.ts';
import { submitting } from './conformance/submitting.ts';
import { sweeping } from './conformance/sweeping.ts';
import { views } from './conformance/views.ts';

export type { Harness };
export type It = (title: string, body: (rig: Rig) => Promise<void>) => void;

/** These claim roots that were not handed out. Nobody does so, and of a bundle nobody can. */
const claimEarly: ReadonlySet<string> = new Set([
  'lets a small tree pass a large one',
  'lets spawned tasks and group members of trees take turns',
  'gives a tree that was idle no lead',
  'tells of a member that ends in the backlog',
  'loses more tasks than one sweep may take back',
]);

/** `bundled`: each root is a bundle of its own (Harness.bundled). Of those no worker is told directly. */
export function storeConformance(
  name: string,
  makeStore: () => Promise<Harness>,
  { bundled = false }: { bundled?: boolean } = {},
): void {
  describe(name, () => {
    let harness: Harness;
    beforeEach(async () => {
      harness = await makeStore();
    });
    afterEach(() => harness.close());
    const it: It = (title, body) => {
      if (!bundled || !claimEarly.has(title)) test(title, () => body(new Rig(harness)));
    };
    for (const section of [
      submitting,
      fairness,
      claiming,
      committing,
      groups,
      begunMembers,
      claimedTogether,
      bundles,
      settling,
      followingOn,
      ...(bundled ? [] : [giving, directing]),
      awaiting,
      deadlocks,
      ending,
      cancelling,
      cancellingTrees,
      retrying,
      limiting,
      sessions,
      crashing,
      sweeping,
      news,
      retention,
      large,
      parking,
      views,
      counting,
    ])
      section(it);
  });
}
