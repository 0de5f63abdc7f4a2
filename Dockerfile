# Operator, runner and recorder, as `make bundle` has put them together. They fit the minor version of Node that has compiled them.
FROM docker.io/library/node:24-bookworm-slim
COPY dist /opt/weir
USER 1000
CMD ["node", "/opt/weir/runtime/programs/operator.mjs"]
