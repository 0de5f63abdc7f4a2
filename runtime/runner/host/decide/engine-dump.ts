/** What V8 writes when its heap is full: collections, addresses and native frames, some twenty lines, which say less than the failure's own message. */
const dumpLine =
  /^(<--- (Last few GCs|JS stacktrace) --->|-+ Native stack trace -+|\[\d+:0x[0-9a-f]+\]\s|\s*\d+: 0x[0-9a-f]+ |FATAL ERROR: .*heap out of memory)/

/** Whether a line of a component's standard error comes from the engine's dump and not from the component. */
export function isEngineDump(line: string): boolean {
  return dumpLine.test(line)
}
