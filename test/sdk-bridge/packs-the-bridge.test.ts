import assert from 'node:assert/strict';
import { scriptOf } from '../../sdk-bridge/image/pack-bridge.ts';

describe('the bridge as its image has it', () => {
  it('is without types, with every line where it was, and names its modules as they are called', () => {
    const source = [
      `import { a } from './a.ts';`,
      `import type { B } from '../b.ts';`,
      `import {\n  c,\n} from "./c.ts";`,
      `const d = await import('./d.ts');`,
      `const text: string = "from './a.ts.txt'";`,
    ].join('\n');
    const script = scriptOf(source);
    assert.equal(script.split('\n').length, source.split('\n').length);
    assert.match(script, /import \{ a \} from '\.\/a\.js';/);
    assert.match(script, /\} from "\.\/c\.js";/);
    assert.match(script, /import\('\.\/d\.js'\)/);
    assert.doesNotMatch(script, /b\.(ts|js)|: string/);
    assert.match(script, /'\.\/a\.ts\.txt'/);
  });
});
