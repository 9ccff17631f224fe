import type { Plan } from '../test-output.ts';

/** What the plan of an environment has to show, by what is promised. Each judges the whole plan, whatever module a resource comes from. */
export type Promises = Readonly<Record<string, (plan: Plan) => void>>;
