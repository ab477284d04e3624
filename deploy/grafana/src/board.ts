/** A dashboard of ours: where it lies, how it is linked to the others, which variables it has. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource } from './panels.ts';

export interface Row {
  title: string;
  panels: readonly Builder<Panel>[];
}

export interface Board {
  uid: string;
  title: string;
  description: string;
  /** Values of a label to choose from. */
  variable?: { name: string; metric: string };
  rows: readonly Row[];
}

const tag = 'corral';

export function dashboard({ uid, title, description, variable, rows }: Board): DashboardBuilder {
  const board = new DashboardBuilder(`Corral / ${title}`)
    .uid(uid)
    .description(description)
    .tags([tag])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .timezone('browser')
    .link(
      new DashboardLinkBuilder('Corral')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(false)
        .keepTime(true)
        .includeVars(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  if (variable !== undefined)
    board.withVariable(
      new QueryVariableBuilder(variable.name)
        .label(variable.name)
        .datasource(datasource)
        .query(`label_values(${variable.metric}, ${variable.name})`)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue('.+')
        .current({ selected: true, text: ['All'], value: ['$__all'] }),
    );
  for (const row of rows) {
    board.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) board.withPanel(panel);
  }
  return board;
}
