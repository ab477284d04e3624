import 'reflect-metadata';
import { runService } from '@corral/service';
import { startApi } from './start-api.ts';

await runService(() => startApi(process.env));
