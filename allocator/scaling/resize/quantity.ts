/** Amounts as Kubernetes writes them: `250m` of a core, `1.5Gi` of memory. Pure. */

const QUANTITY = /^(\d{1,15}(?:\.\d{1,9})?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|[eE]\d{1,2})?$/;
const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** In thousandths, so that amounts compare exactly: of a core, or of a byte. Undefined where it is no quantity. */
export function thousandthsOf(quantity: string): number | undefined {
  const [, number = '', unit = ''] = QUANTITY.exec(quantity) ?? [];
  if (number === '') return undefined;
  const factor = unit === '' ? 1 : (FACTORS[unit] ?? 10 ** Number(unit.slice(1)));
  return Math.round(Number(number) * factor * 1_000);
}

/** Zero for what is no quantity: an API server gives none such. */
export function amountOf(quantity: string | undefined): number {
  return (quantity === undefined ? undefined : thousandthsOf(quantity)) ?? 0;
}
