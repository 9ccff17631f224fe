/**
 * What a JSON text says and its parsed value does not: members whose name stands twice, of which only the last is left, numbers that
 * become others, and names with escapes, which V8 may take for other names after it has met one with a backslash (nodejs/node#63785).
 * One pass over the bytes tells cheaply whether there can be any; only then the text is read in order to say where.
 */
import { pointerOf, type InputFault } from '../contracts/app-error.ts';

/** In UTF-8, and valid JSON. */
type Text = Uint8Array;

const [QUOTE, COLON, COMMA, MINUS, ZERO, NINE, BACKSLASH] = [0x22, 0x3a, 0x2c, 0x2d, 0x30, 0x39, 0x5c];
const [POINT, LETTER_E] = [0x2e, 0x65];
const [OBJECT, OBJECT_END, ARRAY, ARRAY_END] = [0x7b, 0x7d, 0x5b, 0x5d];

/** @param members of all objects of its value. */
export function mayLose(text: Text, members: number): boolean {
  let names = 0;
  let slash = text.indexOf(BACKSLASH);
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at] ?? 0;
    if (byte === QUOTE) {
      const last = lastOfString(text, at);
      if (slash !== -1 && slash < at) slash = text.indexOf(BACKSLASH, at);
      if (slash !== -1 && slash < last && isBeforeColon(text, last + 1)) return true;
      at = last;
    } else if (byte === COLON) names += 1;
    else if (beginsNumber(byte)) {
      const end = endOfNumber(text, at);
      if (mayDiffer(text, at, end) && lossOf(latin(text, at, end)) !== undefined) return true;
      at = end - 1;
    }
  }
  return names !== members;
}

/** Short integers and ordinary fractions are kept, whatever they say. */
function mayDiffer(text: Text, from: number, to: number): boolean {
  const length = to - from;
  if (length < 5) return false;
  let isFraction = false;
  for (let at = from; at < to; at += 1) {
    if (text[at] === POINT) isFraction = true;
    // Either letter of an exponent.
    else if (((text[at] ?? 0) | 0x20) === LETTER_E) return true;
  }
  return length > (isFraction ? 300 : 15);
}

/** @param json what the text was read as. @param at pointer to it. @returns what would be lost, in order. */
export function lossesOf(json: unknown, text: Text, at: string): InputFault[] {
  const faults: InputFault[] = [];
  const path: (string | number)[] = [];
  /** Of each open object the names so far; of an array nothing. */
  const open: (Set<string> | undefined)[] = [];
  /** What was read of each that is open. */
  const read: unknown[] = [];
  const present = () => (read.length === 0 ? json : Reflect.get(Object(read.at(-1)), path.at(-1) ?? ''));
  const fault = (detail: string) => void faults.push({ pointer: pointerOf(at, path), detail });

  for (let place = 0; place < text.length; place += 1) {
    const byte = text[place] ?? 0;
    if (byte === OBJECT || byte === ARRAY) {
      open.push(byte === OBJECT ? new Set() : undefined);
      read.push(present());
      path.push(0);
    } else if (byte === OBJECT_END || byte === ARRAY_END) {
      open.pop();
      read.pop();
      path.pop();
    } else if (byte === COMMA) {
      if (open.at(-1) === undefined) path.push(Number(path.pop()) + 1);
    } else if (byte === QUOTE) {
      const last = lastOfString(text, place);
      if (isBeforeColon(text, last + 1)) {
        const name = String(JSON.parse(decoder.decode(text.subarray(place, last + 1))));
        path[path.length - 1] = name;
        if (open.at(-1)?.has(name) === true) fault('the member stands twice: only one value can be kept');
        open.at(-1)?.add(name);
        if (!Object.hasOwn(Object(read.at(-1)), name)) fault('the name of the member was read as another one: write it without escapes');
      }
      place = last;
    } else if (beginsNumber(byte)) {
      const end = endOfNumber(text, place);
      const token = latin(text, place, end);
      const number = lossOf(token);
      if (number !== undefined) fault(`${token.slice(0, 40)} would come back as ${number}: send it as a string`);
      place = end - 1;
    }
  }
  return faults;
}

const decoder = new TextDecoder();

function beginsNumber(byte: number): boolean {
  return byte === MINUS || (byte >= ZERO && byte <= NINE);
}

function endOfNumber(text: Text, from: number): number {
  let end = from + 1;
  while (IN_NUMBER[text[end] ?? 0] === 1) end += 1;
  return end;
}

const IN_NUMBER = new Uint8Array(256);
for (const char of '0123456789+-.eE') IN_NUMBER[char.charCodeAt(0)] = 1;

/** Where the string ends that begins there: a quote with an even number of backslashes before it. */
function lastOfString(text: Text, from: number): number {
  for (let end = text.indexOf(QUOTE, from + 1); ; end = text.indexOf(QUOTE, end + 1)) {
    let before = end - 1;
    while (text[before] === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
}

/** Such a string is the name of a member, and no other is. */
function isBeforeColon(text: Text, from: number): boolean {
  let at = from;
  while (SPACES.has(text[at] ?? 0)) at += 1;
  return text[at] === COLON;
}

const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

function latin(text: Text, from: number, to: number): string {
  return String.fromCharCode(...text.subarray(from, Math.min(to, from + LONGEST_NUMBER)));
}

/** Nobody writes longer ones; they lose digits in any case. */
const LONGEST_NUMBER = 4_096;

/**
 * What the number would be then; undefined where it stays what it is. An integer has to be the same integer, in the shortest text of its
 * double, too. A number with a fraction or an exponent is a double for everyone who reads it: it may be no other one, and not nothing.
 */
function lossOf(token: string): string | undefined {
  const value = Number(token);
  // Too large ones are seen in the value.
  if (!Number.isFinite(value)) return undefined;
  const isInteger = /^-?\d+$/.test(token);
  const isKept = isInteger ? decimalOf(token) === decimalOf(String(value)) : value !== 0 || !/^[-0.]*[1-9]/.test(token);
  return isKept ? undefined : String(value);
}

/** Significant digits and their power of ten. */
function decimalOf(token: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(token) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`;
}
