/** Finds words that a screen says of its own instead of from a catalogue: in markup, in attributes that are read out, in what
 *  an expression shows, and in the code around it. It reads the compiler's tree, so that what it calls a text is one. */

import { parse } from 'svelte/compiler';

interface Node {
  type: string;
  start?: number;
  [key: string]: unknown;
}

export interface Spoken {
  line: number;
  words: string;
}

/** Attributes and properties that are shown or read out, on elements and on components. */
const SPOKEN = new Set(['alt', 'title', 'label', 'placeholder', 'aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext']);
/** Properties by which code puts words on the screen. */
const SHOWN = new Set(['textContent', 'innerText', 'innerHTML', 'title', 'placeholder', 'alt', 'ariaLabel']);
/** Names that are the same in every language: keys, standards, a file, the form of an enrolment code, GeoJSON's kinds. */
export const NAMES = new Set(['Enter', 'Esc', 'WGS-84', 'SHA-256', 'zip', 'fieldseal:enrol?…', 'Point', 'LineString', 'Polygon', 'Feature', 'FeatureCollection']);
/** Calls whose words are no words of the screen: what they are given is a name, a selector or a protocol. */
const SILENT = new Set(['querySelector', 'querySelectorAll', 'matchMedia', 'MediaQuery', 'getPropertyValue', 'NumberFormat', 'RegExp', 'Error', 't', 'lookup']);

const HAN = /\p{Script=Han}/u;
const WORD = /\p{L}{2,}/u;
/** Two words with a space between, or one that begins as a sentence does. */
const SENTENCE = /\p{L}{2,}\s+\p{L}{2,}|^\p{Lu}\p{Ll}{2,}/u;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
const silent = ({ type }: Node): boolean => type !== 'Literal' && type !== 'TemplateLiteral';
const nameOf = (node: unknown): string => {
  if (!isNode(node)) return '';
  if (node.type === 'MemberExpression') return nameOf(node['property']);
  return typeof node['name'] === 'string' ? node['name'] : '';
};

class Finder {
  readonly found: Spoken[] = [];
  constructor(private readonly source: string) {}

  say(node: Node, words: string): void {
    if (NAMES.has(words.trim())) return;
    const line = this.source.slice(0, node.start ?? 0).split('\n').length;
    this.found.push({ line, words: words.trim() });
  }

  all(nodes: unknown): void {
    for (const node of Array.isArray(nodes) ? nodes : [nodes]) if (isNode(node)) this.visit(node);
  }

  /** What an expression shows: any word in it is spoken. */
  shown(node: unknown): void {
    if (!isNode(node)) return;
    switch (node.type) {
      case 'Literal':
        if (typeof node['value'] === 'string' && WORD.test(node['value'])) this.say(node, node['value']);
        return;
      case 'TemplateLiteral':
        for (const part of node['quasis'] as Node[]) {
          const { cooked } = part['value'] as { cooked: string };
          if (WORD.test(cooked)) this.say(part, cooked);
        }
        this.all(node['expressions']);
        return;
      case 'ConditionalExpression':
        this.visit(node['test'] as Node);
        this.shown(node['consequent']);
        this.shown(node['alternate']);
        return;
      case 'LogicalExpression':
      case 'BinaryExpression':
        if (node['operator'] !== '+' && node.type === 'BinaryExpression') break;
        this.shown(node['left']);
        this.shown(node['right']);
        return;
      case 'TSAsExpression':
      case 'TSNonNullExpression':
        this.shown(node['expression']);
        return;
    }
    this.visit(node);
  }

  /** The value of an attribute: `true`, an expression, or a list of texts and expressions. */
  attribute(node: Node, component: boolean): void {
    const spoken = SPOKEN.has(String(node['name']));
    const { value } = node;
    for (const part of Array.isArray(value) ? value : [value]) {
      if (!isNode(part)) continue;
      if (part.type === 'Text') {
        const words = String(part['data']);
        if (spoken ? WORD.test(words) : HAN.test(words) || (component && SENTENCE.test(words))) this.say(part, words);
      } else if (spoken) this.shown(part['expression']);
      else this.all(part['expression']);
    }
  }

  visit(node: Node): void {
    switch (node.type) {
      case 'Text':
        if (WORD.test(String(node['data']))) this.say(node, String(node['data']));
        return;
      case 'ExpressionTag':
        return this.shown(node['expression']);
      case 'RegularElement':
      case 'Component':
      case 'SvelteElement':
        for (const attribute of node['attributes'] as Node[]) {
          if (attribute.type === 'Attribute') this.attribute(attribute, node.type === 'Component');
          else this.visit(attribute);
        }
        return this.all((node['fragment'] as { nodes: Node[] }).nodes);
      case 'Comment':
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return;
      case 'Literal':
        if (typeof node['value'] === 'string') this.judge(node, node['value']);
        return;
      case 'TemplateElement':
        return this.judge(node, (node['value'] as { cooked: string }).cooked);
      case 'Property':
      case 'PropertyDefinition':
        if (node['computed']) this.all(node['key']);
        if (SPOKEN.has(nameOf(node['key']))) return this.shown(node['value']);
        return this.all(node['value']);
      case 'MemberExpression':
        return this.all(node['object']);
      case 'BinaryExpression':
        // A comparison shows nothing.
        if (node['operator'] !== '+') return this.all([node['left'], node['right']].filter((side) => isNode(side) && side.type !== 'Literal'));
        break;
      case 'SwitchCase':
        return this.all(node['consequent']);
      case 'AssignmentExpression':
        if (SHOWN.has(nameOf(node['left']))) return this.shown(node['right']);
        break;
      case 'ThrowStatement': {
        // An error's own words go to the log; the screen has a sentence for its code.
        const { argument } = node as unknown as { argument: Node };
        return argument.type === 'NewExpression' ? this.all((argument['arguments'] as Node[]).filter(silent)) : this.visit(argument);
      }
      case 'NewExpression':
      case 'CallExpression': {
        const callee = nameOf(node['callee']);
        this.all(node['callee']);
        if (SILENT.has(callee)) return this.all((node['arguments'] as Node[]).filter(silent));
        return this.all(node['arguments']);
      }
    }
    if (node.type.startsWith('TS') && !['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'].includes(node.type)) return;
    for (const [key, value] of Object.entries(node)) {
      if (['typeAnnotation', 'typeParameters', 'returnType', 'css', 'loc', 'leadingComments', 'trailingComments', 'comments'].includes(key)) continue;
      if (typeof value === 'object') this.all(value);
    }
  }

  private judge(node: Node, words: string): void {
    if (HAN.test(words) || SENTENCE.test(words)) this.say(node, words);
  }
}

/** Every word that a component says of its own. */
export function spokenIn(name: string, source: string): Spoken[] {
  const whole = name.endsWith('.svelte') ? source : `<script lang="ts">${source}</script>`;
  const ast = parse(whole, { modern: true });
  const finder = new Finder(whole);
  finder.all([ast.instance?.content, ast.module?.content, ...ast.fragment.nodes]);
  return finder.found;
}
