/** The control's flow: three component steps in one shared child, nothing between them that could be fused. */
export const threeSteps = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: step}
spec: {image: step, isolation: shared}
---
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: bench}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
  - {name: first, component: step, function: step, concurrencyPerProcess: 200}
  - {name: second, component: step, function: step, concurrencyPerProcess: 200}
  - {name: third, component: step, function: step, concurrencyPerProcess: 200}
`
