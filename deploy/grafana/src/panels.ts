/** The kinds of panels that the boards are made of, with the settings that all of them share. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

export const datasource = { type: 'prometheus', uid: '$datasource' };

/** Of 24 columns. */
export interface Look {
  title: string;
  /** One sentence for who has not seen the panel before. */
  description: string;
  unit: string;
  width: number;
  height?: number;
}

/** Values from which on a figure is yellow, and red. */
export interface Limits {
  warn: number;
  bad: number;
}

export interface Series {
  expr: string;
  legend?: string;
  /** Points lead to tasks. */
  exemplar?: boolean;
}

const statHeight = 4;
const graphHeight = 8;

function query({ expr, legend, exemplar = false }: Series, index: number): DataqueryBuilder {
  const made = new DataqueryBuilder()
    .expr(expr)
    .datasource(datasource)
    .refId(String.fromCharCode(65 + index));
  if (legend !== undefined) made.legendFormat(legend);
  return exemplar ? made.exemplar(true) : made;
}

const targets = (series: readonly Series[]): Builder<Dataquery>[] => series.map(query);

function thresholds({ warn, bad }: Limits): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null as unknown as number, color: 'green' },
    { value: warn, color: 'yellow' },
    { value: bad, color: 'red' },
  ]);
}

/** One figure; without limits it is never red. */
export function stat(
  look: Look,
  expr: string,
  options: { limits?: Limits; mappings?: ValueMapping[] } = {},
): Builder<Panel> {
  const panel = new StatBuilder()
    .title(look.title)
    .description(look.description)
    .unit(look.unit)
    .datasource(datasource)
    .span(look.width)
    .height(look.height ?? statHeight)
    .graphMode(BigValueGraphMode.Area)
    .colorMode(options.limits === undefined ? BigValueColorMode.None : BigValueColorMode.Background)
    .targets(targets([{ expr }]));
  if (options.limits !== undefined) panel.thresholds(thresholds(options.limits));
  return options.mappings === undefined ? panel : panel.mappings(options.mappings);
}

export function graph(look: Look, series: readonly Series[], options: { stacked?: boolean } = {}): Builder<Panel> {
  const panel = new TimeseriesBuilder()
    .title(look.title)
    .description(look.description)
    .unit(look.unit)
    .datasource(datasource)
    .span(look.width)
    .height(look.height ?? graphHeight)
    .min(0)
    .lineWidth(1)
    .fillOpacity(options.stacked ? 30 : 5)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(targets(series));
  return options.stacked ? panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A')) : panel;
}

/** The whole histogram over time. `expr`: increases by `le`. */
export function heatmap(look: Look, expr: string): Builder<Panel> {
  const cells = query({ expr, legend: '{{le}}' }, 0).format(PromQueryFormat.Heatmap);
  return new HeatmapBuilder()
    .title(look.title)
    .description(look.description)
    .datasource(datasource)
    .span(look.width)
    .height(look.height ?? graphHeight)
    .unit(look.unit)
    .targets([cells]);
}

/** What is true now, a row for each series. */
export function table(
  look: Look,
  series: readonly Series[],
  options: { mappings?: ValueMapping[] } = {},
): Builder<Panel> {
  const rows = series.map((each, index) => query(each, index).instant().format(PromQueryFormat.Table));
  const panel = new TableBuilder()
    .title(look.title)
    .description(look.description)
    .unit(look.unit)
    .datasource(datasource)
    .span(look.width)
    .height(look.height ?? graphHeight)
    .targets(rows)
    .withTransformation({
      id: 'organize',
      options: { excludeByName: { Time: true, __name__: true, instance: true, job: true } },
    })
    .withTransformation({ id: 'sortBy', options: { sort: [{ field: 'Value', desc: true }] } });
  return options.mappings === undefined ? panel : panel.mappings(options.mappings);
}
