/** Mocha's `spec` report, closed by one line that a program can read: `N passed, N failed`. */
import Mocha from 'mocha';

class SpecReport extends Mocha.reporters.Spec {
  readonly #runner: Mocha.Runner;

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    this.#runner = runner;
  }

  /** Called when the root hooks are through as well, so that nothing is printed after the line. */
  override done(failures: number, finish?: (failures: number) => void): void {
    process.stdout.write(`${this.#runner.stats?.passes ?? 0} passed, ${failures} failed\n`);
    finish?.(failures);
  }
}

// Mocha requires the reporter and takes what it gets for the class.
export { SpecReport as 'module.exports' };
