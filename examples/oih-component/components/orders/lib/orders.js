/* Stands for the order system's API. */
module.exports = [
  { uid: 'o-1', orderNumber: 'A-7', lastUpdate: 1700000001, positions: [{ price: 3.6 }, { price: 4.75 }] },
  { uid: 'o-2', orderNumber: 'A-8', lastUpdate: 1700000002, positions: [{ price: 12 }] },
]
