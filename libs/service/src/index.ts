export { Health, type ReadinessCheck } from './health.ts';
export { combined } from './instruments.ts';
export { createLogger, type Logger, NestLogger } from './logger.ts';
export { Metrics, type MetricsOptions } from './metrics.ts';
export { OpsController, opsModule } from './ops.module.ts';
export type { RequestMetrics, SubmissionResult } from './request-metrics.ts';
export { runService, type Service, StartError } from './run-service.ts';
export {
  loadSettings,
  type Setting,
  type Settings,
  SettingsError,
  type SettingsTable,
  unknownSettings,
} from './settings.ts';
export { apiSettings, settingsTables, settingVariables, startSettings, workerSettings } from './settings-table.ts';
export { taskFields } from './task-fields.ts';
export { taskLog } from './task-log.ts';
export { type RequestSpan, startTracing, type Tracing } from './tracing.ts';
export { version } from './version.ts';
export type { WorkerMetrics, WorkerStatistics } from './worker-metrics.ts';
