/** Probes and metrics of a runner. */
export const runnerPort = 9464
