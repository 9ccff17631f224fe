import assert from 'node:assert/strict';
import { jsonText } from '../../contracts/json-text.ts';
import { jsonFaults } from '../../runtime/json-faults.ts';

/** Pointers of what is wrong with a text. */
const faultsIn = (text: string) => {
  const found = jsonFaults(JSON.parse(text), text, '#');
  // What a program would not write so is read in order; what it would is not. Both have to find the same.
  assert.deepEqual(jsonFaults(JSON.parse(text), ` ${text}`, '#'), found);
  return found.map(({ pointer }) => pointer);
};

describe('JSON that is kept', () => {
  const kept: [string, string][] = [
    ['integers that a double holds', '[0,-1,9007199254740991,-9007199254740992,9007199254740994,100000000000000000000]'],
    ['fractions and exponents', '[0.1,0.10000000000000001,1.7976931348623157e308,5e-324,-1.5e+300,0e999]'],
    ['minus zero', '[-0,-0.0]'],
    [
      'names of JavaScript and of MongoDB',
      '{"constructor":1,"prototype":2,"toString":3,"$where":4,"a.b":5,"":6,"_id":7,"hasOwnProperty":8}',
    ],
    ['one name in several objects', '[{"a":{"a":{"a":[{"a":1},{"a":2}]}}},{"a":1}]'],
    ['what looks like more in strings', String.raw`{"a":"{\"a\":1,\"a\":2}: 12345678901234567890","b":"\\","c":":","d\u00e4":"\\\""}`],
    ['spaces everywhere', '\r\n{ "a"\t:\n[ 1 , { } , [ ] ] , "b" : "x" } '],
    ['characters beyond 16 bits, and NUL in a value', '{"🜁":"🜁 \\ud83d\\ude00 \\u0000"}'],
    ['32 levels', `${'['.repeat(32)}${']'.repeat(32)}`],
    ['a value that is no object', '"x"'],
  ];
  for (const [what, text] of kept) it(what, () => assert.deepEqual(faultsIn(text), []));
});

describe('JSON that cannot be kept is pointed at', () => {
  const lost: [string, string, string[]][] = [
    ['a name that stands twice', '{"a":1,"b":{"c":1,"d":[0,{"e":1,"e":2}],"c":3}}', ['#/b/d/1/e', '#/b/c']],
    ['the same name in other letters', String.raw`{"a/~":1,"a\u002f~":2}`, ['#/a~1~0']],
    ['integers that become others', '{"a":[1,9007199254740993],"b":1152921504606846976,"c":-76561198000000001}', ['#/a/1', '#/b', '#/c']],
    ['numbers that become infinite', '[1e400,-1e400]', ['#/0', '#/1']],
    ['numbers that become nothing', '[1,0.1e-400]', ['#/1']],
    [
      '__proto__ and what MongoDB takes for a value of its own',
      '{"__proto__":{"_bsontype":"Long"}}',
      ['#/__proto__', '#/__proto__/_bsontype'],
    ],
    ['__proto__ that hides in escapes, twice', String.raw`{"__prot\u006f__":1,"__proto__":2}`, ['#/__proto__', '#/__proto__']],
    ['half a surrogate pair', String.raw`{"a":"\ud83d","\ude00":1}`, ['#/a', '#/\ude00']],
    ['what a name cannot hold', String.raw`{"a\u0000b":{"\\":1},"\"":2,"\n":3}`, ['#/a\0b', '#/a\0b/\\', '#/"', '#/\n']],
    ['33 levels', `{"a":${'['.repeat(32)}${']'.repeat(32)}}`, [`#/a${'/0'.repeat(31)}`]],
  ];
  for (const [what, text, pointers] of lost) it(what, () => assert.deepEqual(faultsIn(text), pointers));

  it('also a name that V8 reads as another since it has met one with a backslash', () => {
    faultsIn(String.raw`{"poison":[],"\\":0}`);
    const text = String.raw`{"poison":1,"\u0041":2}`;
    const isReadRight = Object.hasOwn(JSON.parse(text), 'A');
    assert.equal(faultsIn(text).includes('#/A'), !isReadRight);
  });

  it('and 20 times at most', () => assert.equal(faultsIn(`[${Array(1_000).fill('1e999').join()}]`).length, 20));
});

it('what random JSON is written as holds and is the same value, whatever is in it', () => {
  let seed = 1;
  const draw = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const one = <T>(of: readonly T[]) => of[draw(of.length)] as T;
  const value = (depth: number): unknown => {
    const kind = draw(depth === 0 ? 4 : 6);
    if (kind === 4) return Array.from({ length: draw(4) }, () => value(depth - 1));
    if (kind === 5)
      return Object.fromEntries(Array.from({ length: draw(4) }, () => [one(['a', ':', '🜁', 'constructor']), value(depth - 1)]));
    if (kind === 0) return one([-0, 0, 2 ** 53, 2 ** 60, 1e20, 1e21, 1e-7, -1.5e300, 5e-324, draw(2 ** 31) / 7]);
    return one(['', 'x', '\\"', '{"a":1,"a":2}', '🜁\0', true, null]);
  };
  for (let round = 0; round < 2_000; round += 1) {
    const made = value(5);
    const text = jsonText(made);
    assert.deepEqual(faultsIn(text), [], text);
    assert.deepStrictEqual(JSON.parse(text), made, text);
  }
});
