import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, TestHost } from './component-calls.ts'
import { openTestHost } from './component-calls.ts'
import type { ContractRow } from './contract-table.ts'
import { contractTable } from './contract-table.ts'

/** Runs the whole contract on one Node. */
export function describeContract(name: string, options: { readonly nodePath?: string; readonly major: number }): void {
  describe(name, () => {
    let test: TestHost
    beforeAll(() => {
      test = openTestHost(options.nodePath === undefined ? {} : { nodePath: options.nodePath })
    })
    afterAll(() => test.host.close(0))

    it.each(contractTable.filter(({ minNode = 8 }) => minNode <= options.major))('$name', async (row) => {
      // A process of its own for each row: nothing that a row leaves behind explains another.
      const answer = await test.call({ ...row, child: { key: row.name, ...row.child } })
      expect(answer.emits).toMatchObject(row.emits ?? [])
      expectResult(answer, row)
      await expect.poll(() => answer.late).toMatchObject(row.late ?? [])
    })
  })
}

function expectResult({ result }: Answer, { died }: ContractRow): void {
  if (died === undefined) return expect(result).toEqual({ kind: 'ended' })
  const failure = {
    code: died.code,
    ...(died.message !== undefined && { message: expect.stringMatching(died.message) }),
  }
  expect(result).toMatchObject({ kind: 'died', failure: { ...failure, ...(died.permanent && { permanent: true }) } })
  expect(result).not.toHaveProperty('innocent')
}
