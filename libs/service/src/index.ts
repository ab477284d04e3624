export { Health, type ReadinessCheck } from './health.ts';
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
export { version } from './version.ts';
export type { WorkerMetrics, WorkerStatistics } from './worker-metrics.ts';
