import { describeContract } from '../../../test/system/contract/describe-contract.ts'

describeContract('the component contract on this Node', { major: Number(process.versions.node.split('.')[0]) })
