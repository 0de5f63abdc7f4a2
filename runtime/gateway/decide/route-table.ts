import type { HttpMethod } from '../../../crds/v1alpha1/trigger.ts'
import type { Plan } from '../../../flow/plan/plan.ts'

/** A webhook trigger, and the requests that are its. */
export interface Route {
  readonly namespace: string
  /** As the flow writes it. */
  readonly path: string
  readonly methods: readonly HttpMethod[]
  /** The flow's uid. */
  readonly flow: string
  readonly trigger: string
}

export type RouteMatch =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The path is somebody's, the method is not. */
  | { readonly kind: 'otherMethod'; readonly allow: readonly string[] }
  | { readonly kind: 'none' }

export interface RouteTable {
  readonly match: (namespace: string, segments: readonly string[], method: string) => RouteMatch
  readonly routes: readonly Route[]
}

/**
 * The webhooks of the plans. A segment that is written out goes before a parameter, from left to right. Two flows on one path and
 * method are a finding of the lint; here the first by name has it.
 */
export function routeTable(plans: readonly Plan[]): RouteTable {
  const routes = [...plans].sort(byName).flatMap(routesOf)
  const root = emptyNode()
  for (const route of routes) addRoute(root, route)
  return {
    routes,
    match: (namespace, segments, method) => {
      const candidates = [...leavesOf(root, [namespace, ...segments], 0)].flatMap((node) => node.routes)
      const route = candidates.find(({ methods }) => methods.some((allowed) => allowed === method))
      if (route !== undefined) return { kind: 'route', route, params: paramsOf(route, segments) }
      if (candidates.length === 0) return { kind: 'none' }
      return { kind: 'otherMethod', allow: [...new Set(candidates.flatMap(({ methods }) => methods))].sort() }
    },
  }
}

interface RouteNode {
  readonly literals: Map<string, RouteNode>
  parameter?: RouteNode
  readonly routes: Route[]
}

const parameterForm = /^\{(.+)\}$/

function routesOf({ flow, triggers }: Plan): Route[] {
  return triggers.flatMap(({ name, spec: { webhook } }) =>
    webhook === undefined
      ? []
      : [
          {
            namespace: flow.namespace,
            path: webhook.path,
            methods: webhook.methods,
            flow: flow.uid,
            trigger: name,
          },
        ],
  )
}

function byName(left: Plan, right: Plan): number {
  const [a, b] = [left.flow.name, right.flow.name]
  return a < b ? -1 : a > b ? 1 : 0
}

function emptyNode(): RouteNode {
  return { literals: new Map(), routes: [] }
}

function segmentsOf(path: string): string[] {
  return path.replace(/^\//, '').replace(/\/$/, '').split('/')
}

function addRoute(root: RouteNode, route: Route): void {
  let node = child(root, route.namespace)
  for (const segment of segmentsOf(route.path)) {
    node = parameterForm.test(segment) ? (node.parameter ??= emptyNode()) : child(node, decodedLiteral(segment))
  }
  node.routes.push(route)
}

/** A request's segments are decoded before they are compared. */
function decodedLiteral(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment // a stray %, that no request can match
  }
}

function child(node: RouteNode, literal: string): RouteNode {
  const known = node.literals.get(literal)
  if (known !== undefined) return known
  const added = emptyNode()
  node.literals.set(literal, added)
  return added
}

/** All that fit, the most specific first. */
function* leavesOf(node: RouteNode, segments: readonly string[], at: number): Generator<RouteNode> {
  const segment = segments[at]
  if (segment === undefined) {
    if (node.routes.length > 0) yield node
    return
  }
  const literal = node.literals.get(segment)
  if (literal !== undefined) yield* leavesOf(literal, segments, at + 1)
  // An empty segment is no value of a parameter.
  if (node.parameter !== undefined && segment !== '') yield* leavesOf(node.parameter, segments, at + 1)
}

function paramsOf(route: Route, segments: readonly string[]): Readonly<Record<string, string>> {
  const pairs = segmentsOf(route.path).flatMap((segment, at) => {
    const name = parameterForm.exec(segment)?.[1]
    return name === undefined ? [] : [[name, segments[at] ?? ''] as const]
  })
  return Object.fromEntries(pairs)
}
