/** promtool, which tries Prometheus' rules on series made up for it: on the PATH, in Debian's Prometheus, else built from its Go module. */
import { findOnPath } from '../../runtime/find-on-path.ts';
import { debianPackage } from './debian-package.ts';
import { goBuild } from './build-go.ts';
import type { Part } from './part.ts';

/** As in `promtool/go.mod`, where Prometheus 3.x is called 0.3xx. */
export const PROMTOOL_VERSION = '0.316.0';
const HOW_TO_GET = 'promtool, with the system packages of Prometheus';

const goModule = goBuild({
  module: 'promtool',
  packagePath: 'github.com/prometheus/prometheus/cmd/promtool',
  name: 'promtool',
  env: { CGO_ENABLED: '0' },
  toolchains: [{ command: 'go', howToGet: `Go 1.26 or newer, https://go.dev/dl (or ${HOW_TO_GET})` }],
  expectedSeconds: 300,
});

/** @param isDebianRoot whether a system package may be installed here. */
export function promtoolPart(isDebianRoot: boolean): Part {
  return {
    title: 'promtool',
    cacheFile: `promtool-${PROMTOOL_VERSION}/promtool`,
    find: (around) => Promise.resolve(findOnPath('promtool', around.env)),
    recipes: isDebianRoot ? [debianPackage('prometheus', ['promtool'], HOW_TO_GET), goModule] : [goModule],
  };
}
