/**
 * 64 bits of a text as two integers, so that millions of policy and invoice numbers need no dictionary: among ten
 * million texts the chance that any two meet is 3 in a million. (cyrb53's mixing, both halves kept whole.)
 */
export function hashText(text: string, out: Int32Array, at: number): void {
  let h1 = 0xdeadbeef;
  let h2 = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ code, 2_654_435_761);
    h2 = Math.imul(h2 ^ code, 1_597_334_677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2_246_822_507) ^ Math.imul(h2 ^ (h2 >>> 13), 3_266_489_909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2_246_822_507) ^ Math.imul(h1 ^ (h1 >>> 13), 3_266_489_909);
  out[at] = h1;
  out[at + 1] = h2;
}
