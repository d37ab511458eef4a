/** Lint rule `medex/sql-in-repositories`: who may hold SQL is said in .oxlintrc.json. */
const CONNECTIONS = new Set(['tx', 'db', 'pool', 'client', 'connection']);

const nameOf = (node) =>
  node.type === 'Identifier'
    ? node.name
    : node.type === 'MemberExpression' && !node.computed
      ? node.property.name
      : null;

const sqlInRepositories = {
  create(context) {
    return {
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== 'MemberExpression' || nameOf(callee) !== 'query') return;
        const [statement] = node.arguments;
        const written = statement?.type === 'Literal' || statement?.type === 'TemplateLiteral';
        if (!written && !CONNECTIONS.has(nameOf(callee.object))) return;
        context.report({ node, message: 'SQL belongs in prisma/repositories: call a function of a repository' });
      },
    };
  },
};

export default { meta: { name: 'medex' }, rules: { 'sql-in-repositories': sqlInRepositories } };
