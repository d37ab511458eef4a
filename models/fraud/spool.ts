/** Rows of 32-bit integers in buckets. Rows of a bucket come back in the order in which they were put. */
export interface RowSpool {
  readonly width: number;
  /** Appends the first `width` numbers of `row`. */
  readonly put: (bucket: number, row: Int32Array) => void;
  /** All rows of a bucket, one after another. */
  readonly take: (bucket: number) => Int32Array;
}

/** Where rows wait that memory should not hold. */
export interface SpoolStore {
  readonly open: (name: string, width: number, buckets: number) => RowSpool;
}

/** Rows kept in memory after all: for small books. */
export function createMemorySpools(): SpoolStore {
  return {
    open: (_name, width, buckets) => {
      const rows: Int32Array[] = Array.from({ length: buckets }, () => new Int32Array(width * 16));
      const used = new Int32Array(buckets);
      return {
        width,
        put: (bucket, row) => {
          if (used[bucket]! + width > rows[bucket]!.length) {
            const wider = new Int32Array(rows[bucket]!.length * 2);
            wider.set(rows[bucket]!);
            rows[bucket] = wider;
          }
          rows[bucket]!.set(row.subarray(0, width), used[bucket]);
          used[bucket]! += width;
        },
        take: (bucket) => rows[bucket]!.subarray(0, used[bucket]),
      };
    },
  };
}
