/** Takes one frame; its values are read in order and are only valid during the call. */
export type FrameHandler = (type: number, call: number, values: FrameValues) => void

export interface FrameValues {
  readonly number: () => number
  /** A view on the socket's buffer. */
  readonly bytes: () => Buffer
  readonly text: () => string
}
