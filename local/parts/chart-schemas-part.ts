/** What cert-manager's and External Secrets' charts take as values, as JSON Schemas: each comes with its chart, inside of the project's Go module. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GO, readModuleFiles, type ModuleFiles } from './go-module-files.ts';
import type { Part } from './part.ts';

const SOURCES: readonly ModuleFiles[] = [
  {
    module: 'github.com/cert-manager/cert-manager',
    version: 'v1.21.2',
    files: ['deploy/charts/cert-manager/values.schema.json'],
  },
  {
    module: 'github.com/external-secrets/external-secrets',
    version: 'v1.3.2',
    files: ['deploy/charts/external-secrets/values.schema.json'],
  },
];
const SHA256 = 'deae2f00a9c1b0645cb394fb0cc9a3e740d35b1902de03b48eebcd02fec227d9';

/** An object: name of the chart → its schema. */
export const chartSchemasPart: Part = {
  title: 'schemas of chart values',
  cacheFile: `chart-schemas-${SHA256.slice(0, 12)}/chart-schemas.json`,
  find: () => Promise.resolve(undefined),
  recipes: [
    {
      what: 'go mod download',
      expectedSeconds: 15,
      toolchains: [GO],
      async make(bench) {
        const texts = await readModuleFiles(SOURCES, SHA256, bench);
        const made = path.join(bench.scratch, 'chart-schemas.json');
        const charts = SOURCES.flatMap(({ files }) => files.map((file) => path.basename(path.dirname(file))));
        await writeFile(made, `{${charts.map((chart, nth) => `${JSON.stringify(chart)}:${texts[nth]}`).join(',')}}`);
        return made;
      },
    },
  ],
};
