/** Which of several that are as good: by a hash of who asks and who is asked, the same one each time, and evenly. Pure. */

/** FNV-1a, 32 bits. */
export function digestOf(text: string): number {
  let digest = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) digest = Math.imul(digest ^ text.charCodeAt(at), 0x01000193);
  return digest >>> 0;
}

/** Two digests made one, in which every bit counts (the finaliser of MurmurHash3). The highest wins. */
export function mixed(one: number, other: number): number {
  let digest = one ^ Math.imul(other, 0x9e3779b1);
  digest = Math.imul(digest ^ (digest >>> 16), 0x85ebca6b);
  digest = Math.imul(digest ^ (digest >>> 13), 0xc2b2ae35);
  return (digest ^ (digest >>> 16)) >>> 0;
}
