import { describe, expect, it } from 'vitest'
import { secretFields } from '../../../flow/credential/credential-fields.ts'
import type { Grant } from './plan-grant.ts'
import {
  noToken,
  parseClaim,
  parseTokenState,
  refreshTokenFor,
  tokenData,
  withRefusal,
  withToken,
} from './token-state.ts'

const none = { clientId: undefined, clientSecret: undefined, scope: undefined, signing: undefined }
const grant: Grant = {
  ...none,
  kind: 'refreshToken',
  id: 'g1',
  seed: 's1',
  givenRefreshToken: 'given',
  tokenUrl: 'https://a',
  parameters: {},
}
const token = { accessToken: 'a', tokenType: 'Bearer', expiresInSeconds: 60, refreshToken: 'next', scope: undefined }

describe('the Secret with a token', () => {
  it('says what was put into it', () => {
    const state = withToken(noToken, { token, grant, refreshToken: 'given', obtainedAt: 1_000 })
    expect(state).toMatchObject({ expiresAt: 61_000, fields: { accessToken: 'a', refreshToken: 'next' } })
    expect(parseTokenState(secretFields({ data: tokenData(state) }))).toEqual(state)
    const refused = withRefusal(state, grant, 'invalid_grant')
    expect(parseTokenState(secretFields({ data: tokenData(refused) }))).toEqual(refused)
    // A token that was got is not refused.
    expect(withToken(refused, { token, grant, refreshToken: 'next', obtainedAt: 1 }).note.refused).toBeUndefined()
  })

  it.each(['', 'x', '[]', 'null', '{"refused":7}', '{"grant":{},"obtainedAt":"x","clientAuth":"magic"}'])(
    'is not believed what it cannot say: %s',
    (state) => {
      expect(parseTokenState({ accessToken: 'a', state })).toEqual({
        fields: { accessToken: 'a' },
        note: {},
        expiresAt: undefined,
      })
    },
  )

  it.each([
    { name: 'the given one at first', kept: undefined, seed: undefined, of: grant, want: 'given' },
    { name: 'the next one, got for the given one', kept: 'next', seed: 's1', of: grant, want: 'next' },
    { name: 'a newly given one', kept: 'next', seed: 's0', of: grant, want: 'given' },
    {
      name: 'what is kept, where none was given',
      kept: 'next',
      seed: '',
      of: { ...grant, givenRefreshToken: undefined, seed: '' },
      want: 'next',
    },
    {
      name: 'none of another grant',
      kept: 'next',
      seed: 's1',
      of: { ...grant, kind: 'clientCredentials' as const },
      want: undefined,
    },
  ])('gives $name', ({ kept, seed, of, want }) => {
    const state = {
      fields: kept === undefined ? {} : { refreshToken: kept },
      note: seed === undefined ? {} : { seed },
      expiresAt: undefined,
    }
    expect(refreshTokenFor(of, state)).toBe(want)
  })

  it('keeps the refresh token where the server gives no new one', () => {
    const next = withToken(noToken, {
      token: { ...token, refreshToken: undefined },
      grant,
      refreshToken: 'given',
      obtainedAt: 0,
    })
    expect(next.fields['refreshToken']).toBe('given')
  })

  it('is claimed by whoever wrote something there', () => {
    expect(parseClaim(undefined)).toBeUndefined()
    expect(parseClaim('rubbish')).toEqual({ by: 'rubbish', grant: '', isSecondTry: false })
    expect(parseClaim('{"by":"a","grant":"g","isSecondTry":true}')).toEqual({ by: 'a', grant: 'g', isSecondTry: true })
  })
})
