import { idsOf, interactionLog } from '../../recommend/index.ts'
import { seeded } from '../../run/index.ts'
import { shopWorld } from '../../worlds/index.ts'
import type { CatalogueItem, Choices } from './choices.ts'

const shelves: { readonly [department: string]: readonly string[] } = {
  Garden: ['trowel', 'lantern', 'hose', 'flower pot', 'bench', 'rake', 'watering can', 'bird bath'],
  Kitchen: ['teapot', 'bread knife', 'apron', 'frying pan', 'jug', 'scale', 'mixing bowl', 'pepper mill'],
  Study: ['fountain pen', 'notebook', 'desk lamp', 'globe', 'letter opener', 'bookend', 'magnifier', 'inkwell'],
  Music: ['ukulele', 'metronome', 'tambourine', 'recorder', 'music stand', 'harmonica', 'drum', 'tuning fork'],
  Games: ['chess set', 'kite', 'jigsaw', 'dice tower', 'card deck', 'yo-yo', 'spinning top', 'dominoes'],
  Outdoors: ['tent', 'rucksack', 'compass', 'flask', 'sleeping bag', 'head torch', 'hammock', 'walking pole'],
  Craft: ['yarn', 'sketchbook', 'loom', 'pottery wheel', 'paint box', 'sewing kit', 'whittling knife', 'easel'],
  Pets: ['dog lead', 'cat basket', 'aquarium', 'feeder', 'brush', 'perch', 'chew toy', 'travel crate'],
}
const colours = ['red', 'blue', 'green', 'yellow', 'white', 'black', 'violet', 'orange']

/** Items of a department are told apart by colour, and by a number once every colour was there. */
function goods(department: string, place: number): string {
  const things = shelves[department] ?? []
  const thing = things[place % things.length]
  const round = Math.floor(place / things.length)
  const name = `${colours[round % colours.length]} ${thing}`
  const again = Math.floor(round / colours.length)
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}${again > 0 ? ` ${again + 1}` : ''}`
}

/**
 * A simulated shop of eight departments: customers each have one that they mostly buy from, and some goods of a
 * department are better known than others. Its names are made up, and its customers are thrown coins; see `shopWorld`.
 * Items are called by colour and kind, which tell nothing; the department is the circle of taste.
 */
export function shopChoices(): Choices {
  const departments = Object.keys(shelves)
  const world = shopWorld(
    { users: 600, items: 400, circles: departments.length, inside: 0.15, outside: 0.006, fame: 0.7 },
    seeded('choices/shop'),
  )
  const filled = new Map<string, number>()
  const items = Array.from(world.itemCircles, (circle): CatalogueItem => {
    const department = departments[circle] ?? ''
    const place = filled.get(department) ?? 0
    filled.set(department, place + 1)
    const title = goods(department, place)
    return { id: title, title, attributes: { department } }
  })
  const { users, items: taken, userCount, itemCount } = world
  return {
    log: {
      ...interactionLog({ users, items: taken, userCount, itemCount }),
      userIds: idsOf(Array.from({ length: userCount }, (_, user) => `Customer ${user + 1}`)),
      itemIds: idsOf(items.map(({ id }) => id)),
    },
    items,
  }
}
