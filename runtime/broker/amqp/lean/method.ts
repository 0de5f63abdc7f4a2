/** Class and method in one number, as the first four bytes of a method frame read. */
export const method = {
  connectionStart: id(10, 10),
  connectionStartOk: id(10, 11),
  connectionTune: id(10, 30),
  connectionTuneOk: id(10, 31),
  connectionOpen: id(10, 40),
  connectionOpenOk: id(10, 41),
  connectionClose: id(10, 50),
  connectionCloseOk: id(10, 51),
  connectionBlocked: id(10, 60),
  connectionUnblocked: id(10, 61),
  channelOpen: id(20, 10),
  channelOpenOk: id(20, 11),
  channelClose: id(20, 40),
  channelCloseOk: id(20, 41),
  exchangeDeclare: id(40, 10),
  exchangeDeclareOk: id(40, 11),
  queueDeclare: id(50, 10),
  queueDeclareOk: id(50, 11),
  queueBind: id(50, 20),
  queueBindOk: id(50, 21),
  basicQos: id(60, 10),
  basicQosOk: id(60, 11),
  basicConsume: id(60, 20),
  basicConsumeOk: id(60, 21),
  basicCancel: id(60, 30),
  basicCancelOk: id(60, 31),
  basicPublish: id(60, 40),
  basicReturn: id(60, 50),
  basicDeliver: id(60, 60),
  basicAck: id(60, 80),
  basicReject: id(60, 90),
  basicNack: id(60, 120),
  confirmSelect: id(85, 10),
  confirmSelectOk: id(85, 11),
} as const

/** `basicDeliver`, or `method 60.72` for what is not spoken here. */
export function methodName(of: number): string {
  const known = Object.entries(method).find(([, number]) => number === of)
  return known?.[0] ?? `method ${of >>> 16}.${of & 0xffff}`
}

function id(classId: number, methodId: number): number {
  return classId * 0x10000 + methodId
}
