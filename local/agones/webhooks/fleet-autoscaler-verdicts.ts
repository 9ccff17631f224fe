/** What Agones' validating webhook has against the policies of a FleetAutoscaler (pure). */
import { cronOf, durationMs, isTimezone } from '../controllers/schedule.ts';
import type {
  BufferPolicy,
  CapacityPolicy,
  ChainEntry,
  FleetAutoscaler,
  FleetAutoscalerPolicy,
  SchedulePolicy,
  WebhookPolicy,
} from '../resources/fleet.ts';
import { duplicate, forbidden, invalid, required, type FieldFault } from './field-fault.ts';

const NOT_NEGATIVE = 'must be greater than or equal to 0';
/** Any of them makes an entry of a chain one that has a policy, whatever its type says. */
const PARTS = ['buffer', 'webhook', 'counter', 'list', 'schedule', 'wasm'];

export const fleetAutoscalerFaults = ({ spec }: FleetAutoscaler, now: Date): FieldFault[] => policyFaults('spec.policy', spec.policy, now);

function policyFaults(field: string, policy: FleetAutoscalerPolicy, now: Date): FieldFault[] {
  const missing = (part: string): FieldFault[] => [required(`${field}.${part}`, `${part} policy config params are missing`)];
  switch (policy.type) {
    case 'Buffer':
      return policy.buffer ? bufferFaults(`${field}.buffer`, policy.buffer) : missing('buffer');
    case 'Webhook':
      return policy.webhook ? webhookFaults(`${field}.webhook`, policy.webhook) : missing('webhook');
    case 'Counter':
      return policy.counter ? capacityFaults(`${field}.counter`, policy.counter) : missing('counter');
    case 'List':
      return policy.list ? capacityFaults(`${field}.list`, policy.list) : missing('list');
    case 'Wasm':
      // An alpha, whose gate is off.
      return [forbidden(`${field}.wasm`, 'feature WasmAutoscaler must be enabled')];
    case 'Schedule':
      return policy.schedule ? scheduleFaults(`${field}.schedule`, policy.schedule, now) : missing('schedule');
    case 'Chain':
      return chainFaults(`${field}.chain`, policy.chain ?? [], now);
    default:
      return [];
  }
}

/** An empty chain is let through, and so is none, as Agones does; its controller does not survive it. */
function chainFaults(field: string, chain: readonly ChainEntry[], now: Date): FieldFault[] {
  const seen = new Set<string>();
  return chain.flatMap((entry, index) => {
    const { id = '', type = '' } = entry;
    const isRepeated = seen.has(id);
    seen.add(id);
    const hasPolicy = type !== '' && PARTS.some((part) => entry[part] !== undefined && entry[part] !== null);
    return [
      ...(isRepeated ? [invalid(field, id, 'id of chain entry must be unique')] : []),
      ...(hasPolicy ? [] : [required(`${field}[${index}]`, 'valid policy is missing')]),
      ...policyFaults(`${field}[${index}].policy`, entry, now),
    ];
  });
}

/** What a schedule holds to while it is active is not judged. */
function scheduleFaults(field: string, { between = {}, activePeriod = {} }: SchedulePolicy, now: Date): FieldFault[] {
  const { timezone = '', startCron = '', duration = '' } = activePeriod;
  const faults: FieldFault[] = [];
  if (!isTimezone(timezone)) {
    faults.push(invalid(`${field}.activePeriod.timezone`, timezone, `Error parsing timezone: unknown time zone ${timezone}\n`));
  }
  if (between.end) {
    const end = Date.parse(between.end);
    if (end < now.getTime()) faults.push(invalid(`${field}.between.end`, between.end, 'end time must be after the current time'));
    else if (between.start && end < Date.parse(between.start)) {
      faults.push(invalid(`${field}.between`, between, 'start time must be before end time'));
    }
  }
  if (startCron !== '') {
    const why = faultOf(() => cronOf(startCron, ''));
    if (why !== undefined) faults.push(invalid(`${field}.activePeriod.startCron`, startCron, `invalid startCron: ${why}`));
  }
  if (duration !== '') {
    const why = faultOf(() => durationMs(duration));
    // The cron in place of the duration: so says Agones.
    if (why !== undefined) faults.push(invalid(`${field}.activePeriod.duration`, startCron, `invalid duration: ${why}`));
  }
  return faults;
}

function faultOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

function bufferFaults(field: string, { bufferSize, minReplicas, maxReplicas }: BufferPolicy): FieldFault[] {
  const bounds = { unit: 'Replicas', size: bufferSize, min: minReplicas, max: maxReplicas };
  // A share of an empty fleet is nothing: such a fleet would never start.
  return boundFaults(field, bounds, (min) => invalid(`${field}.minReplicas`, min, NOT_NEGATIVE));
}

function capacityFaults(field: string, { bufferSize, minCapacity, maxCapacity }: CapacityPolicy): FieldFault[] {
  const bounds = { unit: 'Capacity', size: bufferSize, min: minCapacity, max: maxCapacity };
  const why = ' when bufferSize in percentage format is used, minCapacity should be more than 0';
  // The size in place of the minimum: so says Agones.
  return boundFaults(field, bounds, () => invalid(`${field}.minCapacity`, bufferSize, why));
}

interface Bounds {
  readonly unit: string;
  readonly size: BufferPolicy['bufferSize'];
  readonly min: number | undefined;
  readonly max: number | undefined;
}

function boundFaults(field: string, { unit, size = 0, min = 0, max = 0 }: Bounds, noMinimum: (min: number) => FieldFault): FieldFault[] {
  const faults: FieldFault[] = [];
  const fault = (bound: 'min' | 'max', value: number, detail: string) =>
    faults.push(invalid(`${field}.${bound}${unit}`, value, `${bound}${unit} should be ${detail}`));
  if (min > max) fault('min', min, `smaller than max${unit}`);
  if (typeof size === 'number') {
    if (size <= 0) faults.push(invalid(`${field}.bufferSize`, size, NOT_NEGATIVE));
    if (max < size) fault('max', max, 'bigger than or equal to bufferSize');
    if (min !== 0 && min < size) fault('min', min, 'bigger than or equal to bufferSize');
    return faults;
  }
  const percent = /^([0-9]+)%$/.exec(size)?.[1];
  if (percent === undefined || Number(percent) < 1 || Number(percent) > 99) {
    faults.push(invalid(`${field}.bufferSize`, size, 'bufferSize should be between 1% and 99%'));
  }
  if (min < 1) faults.push(noMinimum(min));
  return faults;
}

function webhookFaults(field: string, webhook: WebhookPolicy): FieldFault[] {
  if (webhook.url === undefined && webhook.service === undefined) return [required(field, 'url should be provided')];
  if (webhook.url !== undefined && webhook.service !== undefined) {
    return [duplicate(`${field}.url`, 'service and url cannot be used simultaneously')];
  }
  const isValid = webhook.url === undefined || URL.canParse(webhook.url);
  return isValid ? [] : [invalid(`${field}.url`, webhook.url, 'url is not valid')];
}
