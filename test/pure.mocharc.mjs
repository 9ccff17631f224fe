import { pureTests } from './pure-tests.ts';

export const spec = pureTests();
export const timeout = 120_000;
export const forbidOnly = true;
export const reporter = './test/reporter.ts';
