package cn.fieldseal.tablet

import android.app.Activity
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.BatteryManager
import androidx.core.content.ContextCompat
import app.tauri.annotation.Command
import app.tauri.annotation.InvokeArg
import app.tauri.annotation.TauriPlugin
import app.tauri.plugin.Channel
import app.tauri.plugin.Invoke
import app.tauri.plugin.JSObject
import app.tauri.plugin.Plugin

@InvokeArg
class WatchBatteryArgs {
  lateinit var channel: Channel
}

/** Sends `{level}` (0 to 1) and `{charging}` when the battery's state changes. */
@TauriPlugin
class BatteryPlugin(private val activity: Activity) : Plugin(activity) {
  private var receiver: BroadcastReceiver? = null

  @Command
  fun watch(invoke: Invoke) {
    val channel = invoke.parseArgs(WatchBatteryArgs::class.java).channel
    receiver?.let { activity.applicationContext.unregisterReceiver(it) }
    val changes = object : BroadcastReceiver() {
      override fun onReceive(context: Context, intent: Intent) {
        described(intent)?.let { channel.send(it) }
      }
    }
    val filter = IntentFilter(Intent.ACTION_BATTERY_CHANGED)
    val newest = ContextCompat.registerReceiver(activity.applicationContext, changes, filter, ContextCompat.RECEIVER_NOT_EXPORTED)
    receiver = changes
    val answer = newest?.let { described(it) }
    if (answer == null) invoke.resolve() else invoke.resolve(answer)
  }

  private fun described(intent: Intent): JSObject? {
    val level = intent.getIntExtra(BatteryManager.EXTRA_LEVEL, -1)
    val scale = intent.getIntExtra(BatteryManager.EXTRA_SCALE, -1)
    if (level < 0 || scale <= 0) {
      return null
    }
    val answer = JSObject()
    answer.put("level", level.toDouble() / scale.toDouble())
    answer.put("charging", intent.getIntExtra(BatteryManager.EXTRA_PLUGGED, 0) != 0)
    return answer
  }
}
