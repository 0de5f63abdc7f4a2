import { BlockList, isIPv6 } from 'node:net'

const near = new BlockList()
near.addSubnet('0.0.0.0', 8, 'ipv4')
near.addSubnet('127.0.0.0', 8, 'ipv4')
near.addSubnet('169.254.0.0', 16, 'ipv4')
near.addSubnet('224.0.0.0', 3, 'ipv4')
near.addAddress('::', 'ipv6')
near.addAddress('::1', 'ipv6')
near.addSubnet('fe80::', 10, 'ipv6')
near.addSubnet('ff00::', 8, 'ipv6')
near.addAddress('fd00:ec2::254', 'ipv6')

/**
 * Whether an address is anybody's to call: not this host's own, and not one of its link, where clouds tell a machine its keys. Those of private
 * networks are: token servers live there.
 */
export function isCallableAddress(address: string): boolean {
  return !near.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
