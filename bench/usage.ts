/** Preloaded into measured processes: tells the parent at the end what the process took. */
process.once('beforeExit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  process.send?.({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMiB: Math.round(maxRSS / 1024) });
});
process.channel?.unref();
