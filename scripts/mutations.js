// The fixed list of mutations, and where they apply in a module: small mistakes of the kinds that are made by hand. A mutation
// changes one place of the text and keeps it a module that parses.

import ts from 'typescript'

const { SyntaxKind } = ts

/** What stands in the place of an operator. */
const OPERATORS = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
  '&': '|',
  '|': '&',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
  '??=': '=',
  '||=': '=',
}

/**
 * @typedef {{ start: number, end: number, text: string }} Mutation the piece of the module from `start` to `end` becomes `text`
 * @param {string} source a module in JavaScript
 * @returns {Mutation[]} in the order of the text
 */
export function mutationsOf(source) {
  const file = ts.createSourceFile('module.js', source, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  /** @type {Mutation[]} */
  const found = []
  const replace = (node, text) => found.push({ start: node.getStart(file), end: node.getEnd(), text })

  function visit(node) {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return
    if (ts.isBinaryExpression(node)) operator(node)
    // `if (false)` leaves a branch out, `if (true)` takes it always.
    else if (ts.isIfStatement(node)) for (const text of ['false', 'true']) replace(node.expression, text)
    else if (ts.isWhileStatement(node)) replace(node.expression, 'false')
    else if (ts.isConditionalExpression(node)) for (const text of ['false', 'true']) replace(node.condition, text)
    else if (ts.isPrefixUnaryExpression(node)) prefix(node)
    else if (ts.isPostfixUnaryExpression(node)) replace(node, `${textOf(node.operand)}${opposite(node.operator)}`)
    else if (node.kind === SyntaxKind.TrueKeyword) replace(node, 'false')
    else if (node.kind === SyntaxKind.FalseKeyword) replace(node, 'true')
    else if (ts.isNumericLiteral(node) && Number.isSafeInteger(Number(node.text))) replace(node, String(Number(node.text) + 1))
    // A call or an assignment is left out.
    else if (ts.isExpressionStatement(node) && !isSuper(node)) replace(node, ';')
    ts.forEachChild(node, visit)
  }

  function operator({ left, operatorToken, right }) {
    const sign = operatorToken.getText(file)
    // Of texts only a sum makes sense.
    if (sign === '+' && (isText(left) || isText(right))) return
    const other = Object.hasOwn(OPERATORS, sign) ? OPERATORS[sign] : undefined
    if (other === undefined) return
    // `??` and `||` do not stand beside each other without parentheses.
    const inside = `(${textOf(left)}) ${other} (${textOf(right)})`
    if (sign === '&&' || sign === '||' || sign === '??')
      found.push({ start: left.getStart(file), end: right.getEnd(), text: `(${inside})` })
    else replace(operatorToken, other)
  }

  function prefix(node) {
    if (node.operator === SyntaxKind.PlusPlusToken || node.operator === SyntaxKind.MinusMinusToken)
      replace(node, `${opposite(node.operator)}${textOf(node.operand)}`)
    else replace(node, `(${textOf(node.operand)})`)
  }

  function isText(node) {
    return (
      ts.isStringLiteral(node) ||
      ts.isTemplateExpression(node) ||
      ts.isNoSubstitutionTemplateLiteral(node) ||
      (ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right)))
    )
  }

  function textOf(node) {
    return node.getText(file)
  }

  visit(file)
  return found.sort((a, b) => a.start - b.start || a.end - b.end)
}

function opposite(operator) {
  return operator === SyntaxKind.PlusPlusToken ? '--' : '++'
}

/** Without it a constructor always throws. */
function isSuper({ expression }) {
  return ts.isCallExpression(expression) && expression.expression.kind === SyntaxKind.SuperKeyword
}

/** The module with one mutation. */
export function mutated(source, { start, end, text }) {
  return source.slice(0, start) + text + source.slice(end)
}
