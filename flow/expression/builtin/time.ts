import type { BuiltIn } from './built-in.ts'
import { native } from './built-in.ts'
import { checkPicture, checkTimePicture } from './picture.ts'

type Text = string | undefined

const format = native('fromMillis') as (...args: readonly unknown[]) => unknown // called with what its signature wants
const parse = native('toMillis') as (...args: readonly unknown[]) => unknown // likewise

/** The clock stands still at the run's start, so that a message that is delivered again gives the same. */
export const timeFunctions: Readonly<Record<string, BuiltIn>> = {
  now: (evaluation, picture: Text, timezone: Text) => {
    checkPicture(picture)
    return format(evaluation, evaluation.scope.run.startedAt, picture, timezone)
  },
  millis: ({ scope }) => scope.run.startedAt,
  fromMillis: (evaluation, millis: number | undefined, picture: Text, timezone: Text) => {
    checkPicture(picture)
    return format(evaluation, millis, picture, timezone)
  },
  toMillis: (evaluation, time: Text, picture: Text) => {
    if (time !== undefined && picture !== undefined) checkTimePicture(time, picture)
    return parse(evaluation, time, picture)
  },
}
